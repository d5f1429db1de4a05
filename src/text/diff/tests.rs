use super::*;

/// `status old -> new`, then for each hunk its heading and its lines with both numbers.
fn shown(text: &str) -> String {
    let patch = parse(text).unwrap_or_else(|error| panic!("{error}\nin\n{text}"));
    let mut out = String::new();
    for file in &patch.files {
        let binary = if file.binary { " binary" } else { "" };
        let (old, new) = (file.old_path.as_deref().unwrap_or("-"), file.new_path.as_deref().unwrap_or("-"));
        out.push_str(&format!("{:?} {old} -> {new}{binary}\n", file.status));
        for hunk in &file.hunks {
            out.push_str(&format!("  @ {}\n", hunk.heading));
            for line in &hunk.lines {
                let number = |number: Option<u32>| number.map_or("-".to_string(), |number| number.to_string());
                let end = if line.no_newline { "$" } else { "" };
                out.push_str(&format!("  {} {} {:?}{end}\n", number(line.old), number(line.new), line.text));
            }
        }
    }
    for (line, note) in &patch.notes {
        out.push_str(&format!("note {line}: {note}\n"));
    }
    out
}

const PLAIN: &str = "\
diff --git a/app/views.py b/app/views.py
index 1111111..2222222 100644
--- a/app/views.py
+++ b/app/views.py
@@ -10,4 +10,4 @@ def index(request):
     a
-    b
+    c

     d
";

const PLAIN_SHOWN: &str = r#"Modified app/views.py -> app/views.py
  @ def index(request):
  10 10 "    a"
  11 - "    b"
  - 11 "    c"
  12 12 ""
  13 13 "    d"
"#;

#[test]
fn a_git_diff_in_every_wrapping() {
    assert_eq!(shown(PLAIN), PLAIN_SHOWN);
    assert_eq!(shown(&PLAIN.replace('\n', "\r\n")), PLAIN_SHOWN);
    let fenced = format!("Look:\n\n```diff\n{PLAIN}```\n\nWhat do you think?\n- one\n");
    assert_eq!(shown(&fenced), PLAIN_SHOWN);
    let indented: String = fenced.split_inclusive('\n').map(|line| format!("    {line}")).collect();
    assert_eq!(shown(&indented), PLAIN_SHOWN);
    let mail = format!(
        "From 1234 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH 1/2] x\n\nText\n---\n app/views.py | 2 +-\n\n\
         {PLAIN}-- \n2.39.2\n\n"
    );
    assert_eq!(shown(&format!("{mail}{mail}")), PLAIN_SHOWN.repeat(2));
    assert!([PLAIN, &fenced, &indented, &mail].iter().all(|text| looks_like_diff(text)));
}

#[test]
fn prefixes_of_every_kind() {
    for (old, new) in [("i/", "w/"), ("c/", "i/"), ("o/", "w/"), ("old/", "new/"), ("p-1.0/", "p-1.1/"), ("", "")] {
        let text = PLAIN.replace("a/app", &format!("{old}app")).replace("b/app", &format!("{new}app"));
        assert_eq!(shown(&text), PLAIN_SHOWN, "{text}");
    }
    let svn = "Index: app/views.py\n===================================================================\n\
        --- app/views.py\t(revision 7)\n+++ app/views.py\t(working copy)\n@@ -1 +1 @@\n-a\n+b\n\n\
        Property changes on: app/views.py\n___________________________________________________________________\n\
        Added: svn:eol-style\n   + native\n";
    let shown_short = "Modified app/views.py -> app/views.py\n  @ \n  1 - \"a\"\n  - 1 \"b\"\n";
    assert_eq!(shown(svn), shown_short);
    let plain = "--- app/views.py 2024-05-01 10:00:00.000 +0200\n+++ app/views.py 2024-05-02 10:00:00.000 +0200\n\
        @@ -1 +1 @@\n-a\n+b\nOnly in b: c.py\n";
    assert_eq!(shown(plain), shown_short);
    let orig = "--- views.py.orig\t2024-05-01\n+++ views.py\t2024-05-02\n@@ -1 +1 @@\n-a\n+b\n";
    assert_eq!(shown(orig), shown_short.replace("app/", ""));
}

#[test]
fn files_that_come_go_and_move() {
    let text = "\
diff --git a/new.py b/new.py
new file mode 100644
index 0000000..1111111
--- /dev/null
+++ b/new.py
@@ -0,0 +1,2 @@
+a
+b
\\ No newline at end of file
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
--- a
diff --git a/one two.py b/three four.py
similarity index 90%
rename from one two.py
rename to three four.py
--- a/one two.py\t
+++ b/three four.py\t
@@ -2 +2 @@
-a
+b
diff --git a/x.py b/y.py
similarity index 100%
copy from x.py
copy to y.py
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/logo.png b/logo.png
index 1..2 100644
Binary files a/logo.png and b/logo.png differ
diff --git \"a/\\303\\244.py\" \"b/\\303\\244.py\"
--- \"a/\\303\\244.py\"
+++ \"b/\\303\\244.py\"
@@ -1 +1 @@
-a
+b
diff --cc app/merged.py
index 1,2..3
--- a/app/merged.py
+++ b/app/merged.py
@@@ -1,1 -1,1 +1,1 @@@
- a
 -b
++c
diff --git a/empty.py b/empty.py
new file mode 100644
index 0000000..e69de29
";
    let expected = r#"Added - -> new.py
  @ 
  - 1 "a"
  - 2 "b"$
Deleted gone.py -> -
  @ 
  1 - "-- a"
Renamed one two.py -> three four.py
  @ 
  2 - "a"
  - 2 "b"
Copied x.py -> y.py
Modified run.sh -> run.sh
Modified logo.png -> logo.png binary
Modified ä.py -> ä.py
  @ 
  1 - "a"
  - 1 "b"
Added - -> empty.py
note 41: a combined diff (of a merge) cannot be read; give the diff to one parent
"#;
    assert_eq!(shown(text), expected);
    let without_git =
        "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+a\n--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n";
    assert_eq!(shown(without_git), "Added - -> new.py\n  @ \n  - 1 \"a\"\nDeleted gone.py -> -\n  @ \n  1 - \"a\"\n");
}

#[test]
fn hunks_trimmed_by_hand() {
    let short = PLAIN.replace("     d\n", "");
    assert_eq!(shown(&short), PLAIN_SHOWN.replace("  12 12 \"\"\n  13 13 \"    d\"\n", ""));
    let long = PLAIN.replace("     d\n", "     d\n     e\n");
    assert_eq!(shown(&long), format!("{PLAIN_SHOWN}  14 14 \"    e\"\n"));
    let two = format!("{short}@@ -40 +40 @@\n-x\n+y\n");
    assert!(shown(&two).ends_with("  40 - \"x\"\n  - 40 \"y\"\n"));
}

#[test]
fn what_is_no_hunk_is_named() {
    let torn = PLAIN.replace("\n+    c", "\nBut here").to_string();
    let error = parse(&torn).unwrap_err();
    assert_eq!(error.line, 8);
    assert!(error.message.contains("`@@ -10,4 +10,4 @@` goes on here"), "{error}");
    assert!(error.message.contains("4 lines before and 4 after, and has 2 and 1 so far"), "{error}");
    assert!(error.message.contains("not `But here`"), "{error}");
    assert_eq!(parse("@@ -1 +1 @@\n-a\n+b\n").unwrap_err().line, 1);
}

#[test]
fn other_texts_are_no_diffs() {
    for text in ["", "x = 1\n", "--- \n+++\n", "@decorator\ndef f(): pass\n", "# a\n---\n- b\n+ c\n"] {
        assert!(!looks_like_diff(text), "{text}");
        assert_eq!(parse(text), Ok(Patch::default()));
    }
}
