// Language and colours before the first paint.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  try {
    var theme = localStorage.getItem("rasd-theme");
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    if (localStorage.getItem("rasd-lang") === "en") {
      root.lang = "en";
      root.dir = "ltr";
    }
  } catch (ignored) {
    // private windows keep nothing
  }
})();
