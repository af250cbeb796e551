// The language switch, the colours, the legend of the reader, and / for the search box.
(function () {
  "use strict";
  var root = document.documentElement;
  var words = window.rasdWords || {};

  function keep(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch (ignored) {
      // private windows keep nothing
    }
  }

  function word(key) {
    var known = words[key];
    return known ? known[root.lang === "en" ? 1 : 0] : key;
  }

  function translate(part) {
    part.querySelectorAll("[data-w]").forEach(function (one) {
      one.textContent = word(one.dataset.w);
    });
    part.querySelectorAll("[data-w-label]").forEach(function (one) {
      one.setAttribute("aria-label", word(one.dataset.wLabel));
    });
    part.querySelectorAll("[data-w-hint]").forEach(function (one) {
      one.placeholder = word(one.dataset.wHint);
    });
    part.querySelectorAll("time[datetime]").forEach(function (one) {
      var parts = one.getAttribute("datetime").split("-");
      var shown = [String(Number(parts[0]))];
      if (parts[1]) shown.unshift(word("month_" + Number(parts[1])));
      if (parts[2]) shown.unshift(String(Number(parts[2])));
      one.textContent = shown.join(" ");
    });
  }

  window.rasdWord = word;
  window.rasdTranslate = translate;

  var lang = document.getElementById("lang");
  function showLanguage() {
    var english = root.lang === "en";
    lang.textContent = english ? "العربية" : "English";
    lang.lang = english ? "ar" : "en";
  }
  lang.addEventListener("click", function () {
    var english = root.lang !== "en";
    root.lang = english ? "en" : "ar";
    root.dir = english ? "ltr" : "rtl";
    keep("rasd-lang", root.lang);
    translate(document);
    showLanguage();
    document.dispatchEvent(new Event("rasd-language"));
  });
  if (root.lang === "en") translate(document);
  showLanguage();

  var theme = document.getElementById("theme");
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
  }
  function showTheme() {
    theme.setAttribute("aria-pressed", String(isDark()));
  }
  theme.addEventListener("click", function () {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep("rasd-theme", root.dataset.theme);
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();

  document.querySelectorAll("[data-mark]").forEach(function (button) {
    button.addEventListener("click", function () {
      var hidden = document.body.classList.toggle("hide-" + button.dataset.mark);
      button.setAttribute("aria-pressed", String(!hidden));
    });
  });

  document.addEventListener("keydown", function (event) {
    var writing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.getElementById("q").focus();
    }
  });
})();
