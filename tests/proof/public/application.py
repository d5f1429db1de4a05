"""Which files of a project are the application, told by their paths."""

import re

NOT_APPLICATION = re.compile(r"(^|/)(tests?|test(ing|utils|project)|test_\w+|\w+_tests?|conftest|factories|migrations)(/|\.py$)")
