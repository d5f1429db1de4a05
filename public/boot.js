// Starts the page: the policy in index.html allows no inline script. Trunk names the page's files in the data attributes.
const { js, wasm } = document.querySelector("script[data-wasm]").dataset;

function fail(text) {
  const message = document.getElementById("boot-message");
  message.setAttribute("role", "alert");
  message.textContent = text;
}

/** Ends the task that runs: what the user does in between is answered first. */
const pause = () => new Promise((resume) => setTimeout(resume));
/** Until the first paint the network and the processor are its own. A page in the background paints nothing. */
const painted = new Promise((resume) => {
  if (document.visibilityState === "hidden") resume();
  requestAnimationFrame(() => setTimeout(resume));
  setTimeout(resume, 1000);
});
const running = new Promise((resume) => addEventListener("roundtrip:running", resume, { once: true }));

if (typeof WebAssembly !== "object" || typeof WebAssembly.compileStreaming !== "function") {
  fail(
    "Roundtrip needs WebAssembly, which this browser does not have or does not allow. " +
      "Any current Firefox, Chrome, Edge or Safari has it; some hardened settings switch it off.",
  );
} else {
  try {
    const at = (file) => new URL(file, document.baseURI);
    const load = async () => {
      await painted;
      const response = await fetch(at(wasm));
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const copy = response.clone();
      // Some servers do not send application/wasm, which streaming insists on.
      return WebAssembly.compileStreaming(response).catch(async () => WebAssembly.compile(await copy.arrayBuffer()));
    };
    const [page, module] = await Promise.all([import(at(js)), load()]);
    await pause();
    // The page takes the place of what index.html shows when it has found what was kept.
    await page.default({ module_or_path: module });
  } catch (error) {
    fail(`Roundtrip could not start: ${error?.message ?? error}. Reload the page to try again.`);
    throw error;
  }
}

// A release build works offline. A new build waits until the user agrees: the page shows `roundtrip:update-ready` and
// answers with `roundtrip:update-agreed`.
const file = document.querySelector("meta[name=roundtrip-service-worker]").content;
if (file && "serviceWorker" in navigator) {
  // It loads all files: not before the page has those that it needs.
  await running;
  const registration = await navigator.serviceWorker.register(file, { scope: "./", updateViaCache: "none" }).catch(() => null);
  const offer = () => {
    if (registration.waiting && navigator.serviceWorker.controller) dispatchEvent(new Event("roundtrip:update-ready"));
  };
  const follow = () =>
    registration.installing?.addEventListener("statechange", (event) => {
      if (event.target.state === "installed") offer();
    });
  if (registration) {
    registration.addEventListener("updatefound", follow);
    follow();
    offer();
    addEventListener("roundtrip:update-agreed", () => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      registration.waiting?.postMessage("take over");
    });
  }
}
