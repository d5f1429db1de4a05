// Serves the page without a network, and sends the policy that a page's host may not send. .ci/dist.mjs fills in the
// three constants; a quick build registers no service worker.

const version = "VERSION";
const files = ["FILES"];
const policy = "POLICY";

const PREFIX = `roundtrip ${self.registration.scope} `;
const CACHE = PREFIX + version;

self.addEventListener("install", (event) => {
  const requests = files.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
  // No skipWaiting here: a page that is open keeps its build until its user agrees to the new one.
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      // The build before stays, for a second tab may still load an engine of it.
      const former = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
      await Promise.all(former.slice(0, -1).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !url.href.startsWith(self.registration.scope)) return;
  event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  const page = request.mode === "navigate" ? "index.html" : request;
  const found =
    (await cache.match(page, { ignoreSearch: true })) ??
    (await caches.match(request, { ignoreSearch: true })) ??
    (await fetch(request));
  if (found.type === "opaque" || found.type === "error" || found.redirected) return found;
  const headers = new Headers(found.headers);
  headers.set("Content-Security-Policy", policy);
  headers.set("X-Content-Type-Options", "nosniff");
  // The body is decoded already.
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  return new Response(found.body, { status: found.status, statusText: found.statusText, headers });
}
