// The visitor's theme and language, before the first paint. All later changes are shell/preferences.ts's.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("theme");
    if (theme) root.dataset.theme = theme;
    const asked = new URLSearchParams(location.search).get("lang");
    const language = asked ?? localStorage.getItem("language") ?? navigator.language;
    root.lang = /^zh/i.test(language) ? "zh" : "en";
  } catch {
    // Storage may be forbidden; the defaults stand.
  }
})();
