// Colours before the first paint: those of the system, unless others were chosen here.
(() => {
  const KEY = "edge-daemon-colours";
  const root = document.documentElement;
  const show = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    dispatchEvent(new Event("colours"));
  };
  let chosen = "auto";
  try {
    chosen = localStorage.getItem(KEY) ?? "auto";
  } catch {
    // a browser that keeps nothing has the system's colours
  }
  show(chosen);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(chosen));
  addEventListener("DOMContentLoaded", () => {
    const select = document.getElementById("theme");
    select.value = chosen;
    select.addEventListener("change", () => {
      chosen = select.value;
      show(chosen);
      try {
        localStorage.setItem(KEY, chosen);
      } catch {
        // it holds until the page is closed
      }
    });
  });
})();
