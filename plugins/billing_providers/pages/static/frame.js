// Airflow shows our pages in a frame that may not lead out of itself: links that do are followed by Airflow's own document.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[target]");
  if (!link || window.parent === window || !/^https?:$/.test(link.protocol)) return;
  let outer;
  try { outer = window.parent.document; } catch { return; /* shown by somebody else, who decides */ }
  event.preventDefault();
  const twin = outer.createElement("a");
  Object.assign(twin, { href: link.href, target: link.target, rel: link.rel });
  outer.body.append(twin);
  twin.click();
  twin.remove();
});
