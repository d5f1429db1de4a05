// What cannot wait for the page's code. Before the first paint: whether what index.html shows is what the app will
// show, and in which theme. From then on: what is pasted, dropped or picked goes to the app by `roundtrip:brought`, and
// what comes before it runs (`roundtrip:running`) is held, as is what was typed or pressed.
"use strict";
{
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage may be forbidden.
    }
  };
  const root = document.documentElement;
  const keepsNothing = stored("roundtrip.keep-nothing") !== null;
  const theme = keepsNothing ? null : stored("roundtrip.theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  if (keepsNothing) root.dataset.keeps = "nothing";
  const isOfInputs = location.hash === "" || /^#1\/inputs(\?|$)/.test(location.hash);
  if (!isOfInputs || stored("roundtrip.filled") !== null) root.dataset.opens = "elsewhere";

  const CONTROLS = "button, summary, input, textarea";
  const controls = (within) => [...within.querySelectorAll(CONTROLS)];
  let running = false;
  const held = [];
  const pressed = [];

  const hand = (detail) => dispatchEvent(new CustomEvent("roundtrip:brought", { detail }));
  const moment = () => {
    document.getElementById("boot-message").textContent = "One moment: Roundtrip is starting …";
  };
  /** `entries` of a file system, `files`, or else `text`. */
  const bring = (entries, files, text) => {
    const detail = { entries, files, text: entries.length || files.length ? "" : text };
    if (running) return hand(detail);
    held.push(detail);
    moment();
  };

  // The text is taken from the event and never becomes the value of the box: a megabyte there freezes the browser.
  addEventListener("paste", (event) => {
    const { target, clipboardData: data } = event;
    // Other fields keep what is pasted into them.
    if (!data || (target.matches?.("input, textarea") && target.id !== "paste")) return;
    event.preventDefault();
    bring([], [...data.files], data.getData("text/plain"));
  });
  // Without this the browser opens what is dropped in place of the page.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    // What the browser lends is gone when this returns.
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry());
    const files = items.filter((_, at) => !entries[at]).map((item) => item.getAsFile());
    bring(entries.filter(Boolean), files.filter(Boolean), event.dataTransfer.getData("text/plain"));
  });
  const picked = ({ target }) => {
    if (!target.files?.length) return;
    bring([], [...target.files], "");
    // Else the same file could not be chosen again.
    target.value = "";
  };
  addEventListener("change", picked);
  // The app may take the place of these while the browser's picker is open.
  addEventListener("DOMContentLoaded", () => {
    for (const input of document.querySelectorAll("[type=file]")) input.addEventListener("change", picked);
  });
  addEventListener("click", (event) => {
    const control = event.target.closest?.(CONTROLS);
    if (control?.matches("[data-picks]")) return control.nextElementSibling.click();
    if (running || !control || control.matches("textarea, [type=file]")) return;
    pressed.push(controls(document).indexOf(control));
    moment();
  });

  // The app stands beside what it takes the place of, with the same controls in the same order.
  const takeOver = () => {
    running = true;
    const shell = document.getElementById("boot");
    const focused = controls(shell).indexOf(document.activeElement);
    const typed = shell.querySelector("textarea");
    const { value, selectionStart, selectionEnd } = typed;
    shell.remove();
    const now = controls(document);
    now[focused]?.focus();
    const box = document.getElementById("paste");
    if (box && value) {
      box.value = value;
      box.setSelectionRange(selectionStart, selectionEnd);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    held.splice(0).forEach(hand);
    for (const at of pressed) now[at]?.click();
  };
  addEventListener("roundtrip:running", takeOver, { once: true });
}
