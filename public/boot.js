// Starts the page: the policy in index.html allows no inline script. Trunk names the page's files in the data attributes.
const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const message = document.getElementById("boot-message");

function fail(text) {
  message.setAttribute("role", "alert");
  message.textContent = text;
}

if (typeof WebAssembly !== "object" || typeof WebAssembly.compileStreaming !== "function") {
  fail(
    "Roundtrip needs WebAssembly, which this browser does not have or does not allow. " +
      "Any current Firefox, Chrome, Edge or Safari has it; some hardened settings switch it off.",
  );
} else {
  try {
    const at = (file) => new URL(file, document.baseURI);
    const page = await import(at(js));
    // The page takes the message away when it has something to show.
    await page.default({ module_or_path: at(wasm) });
  } catch (error) {
    fail(`Roundtrip could not start: ${error?.message ?? error}. Reload the page to try again.`);
    throw error;
  }
}

// A release build works offline. A new build waits until the user agrees: the page shows `roundtrip:update-ready` and
// answers with `roundtrip:update-agreed`.
const file = document.querySelector("meta[name=roundtrip-service-worker]").content;
if (file && "serviceWorker" in navigator) {
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
