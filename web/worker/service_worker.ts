/**
 * Keeps the built page, so that it works without a network after the first visit.
 *
 * Rule: it answers from one version as a whole, never a mixture; what was built and under which version it reads from
 * `files.json`, which stands beside it. Requests to the server's API are none of its business.
 *
 * @module
 */

/** What this kind of worker has that pages have not. */
interface KeeperScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", hear: (event: LifeEvent) => void): void;
  addEventListener(type: "fetch", hear: (event: AskEvent) => void): void;
}

interface LifeEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface AskEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** What was built. */
interface Built {
  readonly version: string;
  readonly files: readonly string[];
}

const keeper = globalThis as unknown as KeeperScope;
const PREFIX = "warmsite-";
/** The build puts the version here, so that every build is another worker to the browser. */
const VERSION = "BUILT_VERSION";
const CACHE = `${PREFIX}${VERSION}`;

async function install(): Promise<void> {
  const response = await fetch("./files.json", { cache: "no-store" });
  const { version, files } = await response.json() as Built;
  // Whoever updates the server in this moment gets the whole of it next time.
  if (version !== VERSION) throw new Error("Another version was built meanwhile");
  const cache = await caches.open(CACHE);
  await cache.addAll(["./", ...files].map((file) => new Request(file, { cache: "no-cache" })));
  await keeper.skipWaiting();
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await keeper.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return await cache.match(request, { ignoreSearch: true }) ?? await fetch(request);
}

keeper.addEventListener("install", (event) => event.waitUntil(install()));
keeper.addEventListener("activate", (event) => event.waitUntil(activate()));
keeper.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const ours = request.method === "GET" && url.href.startsWith(keeper.registration.scope);
  if (ours && !url.pathname.includes("/api")) event.respondWith(answer(request));
});
