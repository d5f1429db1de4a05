// Runs after the glue that wasm-bindgen wrote, in one blob with it: waits for the compiled module, then starts.
self.onmessage = (event) => {
  self.onmessage = null;
  wasm_bindgen({ module_or_path: event.data }).catch((error) => {
    // A trap in the start function leaves no other trace on the page's side.
    self.postMessage({ died: String(error?.message ?? error) });
  });
};
