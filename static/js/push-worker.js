// Runs in the background of a browser that subscribed under “How we reach you”: shows what arrives, and opens the
// page behind it. It keeps nothing and touches no other request.

const ours = (address) => {
  const url = new URL(address || "/", self.location.origin);
  return url.origin === self.location.origin ? url.href : self.location.origin;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  if (!event.data) return;
  const { title, body, url, tag, urgent } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, {
    body, tag, renotify: true, requireInteraction: urgent, icon: "/static/icons/app-192.png", data: { url: ours(url) },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const { url } = event.notification.data;
    const open = await self.clients.matchAll({ type: "window" });
    const same = open.find((client) => client.url === url);
    return same ? same.focus() : self.clients.openWindow(url);
  })());
});
