// Follows Airflow's light or dark look: its own document says which when we are shown inside it, else the system does.
(() => {
  const root = document.documentElement;
  const dark = () => {
    try {
      const outer = window.parent.document.documentElement;
      if (window.parent !== window) return outer.classList.contains("dark") || outer.dataset.theme === "dark";
    } catch { /* shown by somebody else: the system decides */ }
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const apply = () => { root.dataset.theme = dark() ? "dark" : "light"; };
  apply();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  try {
    if (window.parent !== window) new MutationObserver(apply).observe(window.parent.document.documentElement, { attributes: true });
  } catch { /* not ours to watch */ }
})();
