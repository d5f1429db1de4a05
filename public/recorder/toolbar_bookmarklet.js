// Saves the SQL panels of the open page's django-debug-toolbar (4 to 8) as one HAR file, which Roundtrip reads.
// As a bookmark, its address is "javascript:" and this text; docs/recording.md has it ready. It asks the page's own
// server only, for the panels that a click in the toolbar would ask for, and sends nothing anywhere.
(async () => {
  const root = document.getElementById("djDebugRoot");
  const find = (selector) => (root && root.shadowRoot && root.shadowRoot.querySelector(selector)) || document.querySelector(selector);
  const toolbar = find("#djDebug");
  if (!toolbar) {
    alert("Roundtrip: this page has no django-debug-toolbar.");
    return;
  }
  const key = toolbar.dataset.requestId ? "request_id" : "store_id";
  const own = toolbar.dataset.requestId || toolbar.dataset.storeId;
  const entry = (method, url, text, headers) => ({
    startedDateTime: new Date().toISOString(),
    request: { method, url: new URL(url, location.href).href },
    response: { headers, content: { mimeType: "text/html", text } },
  });
  const entries = [];
  const address = location.pathname + location.search;
  if (!own) {
    /* RENDER_PANELS: the panels are in the page. */
    const panel = find("#SQLPanel");
    if (panel) entries.push(entry("GET", address, panel.outerHTML, []));
  } else {
    const load = async (id, panel) => {
      const url = new URL(toolbar.dataset.renderPanelUrl, location.href);
      url.searchParams.set(key, id);
      url.searchParams.set("panel_id", panel);
      const answer = await fetch(url, { credentials: "same-origin" });
      return { url: url.href, text: answer.ok ? await answer.text() : "{}" };
    };
    const requests = new Map([[own, ["GET", address]]]);
    try {
      const history = JSON.parse((await load(own, "HistoryPanel")).text).content || "";
      for (const row of new DOMParser().parseFromString(history, "text/html").querySelectorAll("tr[id^=historyMain_]")) {
        const cells = [...row.children].map((cell) => cell.textContent.trim());
        const id = row.id.slice("historyMain_".length);
        requests.set(id, id === own ? [cells[1], address] : [cells[1], cells[2]]);
      }
    } catch (error) { /* The panel may be switched off. */ }
    const others = requests.size - 1;
    const all = others > 0 && confirm("Roundtrip: save the " + others + " other requests of the toolbar's history too?");
    for (const [id, [method, url]] of requests) {
      if (id !== own && !all) continue;
      const panel = await load(id, "SQLPanel");
      entries.push(entry(method, url, "", [{ name: "djdt-request-id", value: id }]));
      entries.push(entry("GET", panel.url, panel.text, []));
    }
  }
  if (!entries.some(({ response }) => response.content.text.includes("sqlMain_"))) {
    alert("Roundtrip: the toolbar shows no query of this page. Is its SQL panel switched on?");
    return;
  }
  const har = { log: { version: "1.2", creator: { name: "Roundtrip bookmarklet", version: "1" }, entries } };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(har)], { type: "application/json" }));
  link.download = "roundtrip-" + location.hostname + location.pathname.replace(/[^a-z0-9]+/gi, "-") + ".har";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
})();
