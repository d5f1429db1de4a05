# What a person types; each step is a script in .ci/.

.PHONY: serve build test bench prove docs setup pictures clean

setup:            # install what is missing
	.ci/setup

serve: setup      # build quickly, serve on 127.0.0.1, rebuild at changes
	.ci/build serve

build: setup      # the release page in dist/, within its sizes
	.ci/build release

test:             # everything that must hold
	.ci/test

bench: setup      # how fast
	.ci/bench

prove: setup      # predictions against databases and real ORMs
	.ci/prove

docs:             # the pages of docs/ that are made from the code
	UPDATE=1 cargo test -q --test docs --test seeds

pictures: build   # of the README
	node .ci/pictures.mjs

clean:
	rm -rf dist target node_modules
