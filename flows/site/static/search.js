// Search over the prebuilt index: the query is folded and cut like the words of the index.
(function () {
  "use strict";
  var SHOWN = 25; // results of a kind
  var KINDS = ["PERSON", "ORGANIZATION", "LOCATION", "NAMED_EVENT", "EVENT", "ARTICLE"];
  var FOLDERS = { EVENT: "event", ARTICLE: "article" };
  var FRONTS = ["وبال", "وكال", "فبال", "ولل", "فلل", "وال", "فال", "بال", "كال", "لل", "ال"];

  // ------------------------------------------------------------------------------- letters and words

  var table = window.rasdFold;
  var letters = new Map();
  var targets = Array.from(table[1]);
  Array.from(table[0]).forEach(function (letter, n) {
    letters.set(letter, targets[n]);
  });
  Array.from(table[2]).forEach(function (letter) {
    letters.set(letter, "");
  });
  Object.keys(table[3]).forEach(function (letter) {
    letters.set(letter, table[3][letter]);
  });

  function fold(text) {
    var folded = "";
    for (var letter of text.normalize("NFC")) {
      var known = letters.get(letter);
      folded += known === undefined ? letter : known;
    }
    return folded
      .replace(/ا{3,}/g, "ا")
      .replace(/ل{4,}/g, "لل")
      .replace(/([ء-ي])\1{3,}/g, "$1")
      .replace(/ +/g, " ")
      .trim();
  }

  function split(text) {
    var found = [];
    var waiting = "";
    (fold(text).match(/[\p{L}\p{N}]+/gu) || []).forEach(function (word) {
      if ((word === "و" || word === "ف") && !waiting) {
        waiting = word;
        return;
      }
      if (waiting && /^[ء-ي]/.test(word)) word = waiting + word;
      else if (waiting) found.push(waiting);
      waiting = "";
      found.push(word);
    });
    if (waiting) found.push(waiting);
    return found;
  }

  // The readings of a word of a query, as report.word_forms takes them.
  function forms(word) {
    var found = [word];
    if (word.length <= 3 || !/^[ء-ي]+$/.test(word)) return found;
    var front = FRONTS.find(function (one) {
      return word.startsWith(one) && word.length - one.length >= 3;
    });
    var bare = front ? word.slice(front.length) : word;
    found.push(bare);
    var less = [];
    if (word.startsWith("لل")) {
      if (word.length > 4) less.push(word.slice(1));
    } else if (bare === word && /^[وفبلكس]/.test(word)) {
      less.push(word.slice(1));
      if (/^[وف][بلكس]/.test(word) && word.length >= 6) less.push(word.slice(2));
    }
    less = less.filter(function (one) {
      return one.length >= 4;
    });
    less.forEach(function (one) {
      found.push(one);
    });
    [bare].concat(less).forEach(function (one) {
      var short = one;
      if (/(ها|هم)$/.test(short) && short.length >= 5) short = short.slice(0, -2);
      else if (/ه$/.test(short) && short.length >= 4) short = short.slice(0, -1);
      if (/ات$/.test(short) && short.length >= 5) short = short.slice(0, -2);
      if (short !== one && (one === bare || short.length >= 4)) found.push(short);
    });
    return Array.from(new Set(found));
  }

  window.rasdFoldText = fold;

  // ------------------------------------------------------------------------------- files of the index

  var loaded = new Map();
  function load(file) {
    if (!loaded.has(file)) {
      loaded.set(
        file,
        new Promise(function (resolve, reject) {
          var script = document.createElement("script");
          script.src = "search/" + file;
          script.onload = resolve;
          script.onerror = function () {
            loaded.delete(file);
            reject(new Error(file));
          };
          document.head.append(script);
        })
      );
    }
    return loaded.get(file);
  }

  var buckets = [];
  var size = 1;
  var postings = new Map();
  var documents = new Map();
  window.rasdIndex = function (prefixes, documentsOfFile) {
    buckets = prefixes;
    size = documentsOfFile;
  };
  window.rasdPostings = function (prefix, words) {
    postings.set(prefix, words);
  };
  window.rasdDocuments = function (number, part) {
    documents.set(number, part);
  };

  function bucketFile(prefix) {
    return (
      "w" +
      Array.from(prefix)
        .map(function (letter) {
          return letter.codePointAt(0).toString(16);
        })
        .join("-") +
      ".js"
    );
  }

  // Buckets that hold the word, or words that it begins.
  function bucketsOf(word, beginning) {
    return buckets.filter(function (prefix) {
      return word.startsWith(prefix) || (beginning && prefix.startsWith(word));
    });
  }

  function numbers(encoded) {
    var at = 0;
    return encoded.split(" ").map(function (difference) {
      at += parseInt(difference, 36);
      return at;
    });
  }

  async function find(word, beginning) {
    var found = new Set();
    for (var form of forms(word)) {
      var wanted = bucketsOf(form, beginning && form === word);
      await Promise.all(
        wanted.map(function (prefix) {
          return load(bucketFile(prefix));
        })
      );
      wanted.forEach(function (prefix) {
        var words = postings.get(prefix);
        if (Object.hasOwn(words, form)) numbers(words[form]).forEach(found.add, found);
        if (beginning && form === word) {
          Object.keys(words).forEach(function (longer) {
            if (longer.startsWith(form)) numbers(words[longer]).forEach(found.add, found);
          });
        }
      });
    }
    return found;
  }

  // ------------------------------------------------------------------------------- results

  var state = document.getElementById("state");
  var results = document.getElementById("results");
  var box = document.getElementById("q");
  var turn = 0;

  function address(kind, id) {
    return (FOLDERS[kind] || "entity") + "/" + Math.floor(id / 1000) + "/" + id + ".html";
  }

  function element(name, text, attributes) {
    var made = document.createElement(name);
    made.textContent = text;
    Object.entries(attributes || {}).forEach(function (pair) {
      made.setAttribute(pair[0], pair[1]);
    });
    return made;
  }

  function labelled(key) {
    return element("span", window.rasdWord(key), { "data-w": key });
  }

  async function search(query) {
    var mine = ++turn;
    results.replaceChildren();
    state.replaceChildren();
    var words = split(query);
    if (!words.length) return;
    await load("index.js");
    var sets = [];
    for (var n = 0; n < words.length; n++) {
      sets.push(await find(words[n], n === words.length - 1 && words[n].length > 1));
    }
    sets.sort(function (a, b) {
      return a.size - b.size;
    });
    var hits = Array.from(sets[0])
      .filter(function (one) {
        return sets.every(function (set) {
          return set.has(one);
        });
      })
      .sort(function (a, b) {
        return a - b;
      });
    await Promise.all(
      Array.from(
        new Set(
          hits.map(function (one) {
            return Math.floor(one / size);
          })
        )
      ).map(function (part) {
        return load("d" + part + ".js");
      })
    );
    if (mine !== turn) return;
    show(hits, fold(query));
  }

  function show(hits, folded) {
    state.append(hits.length ? document.createTextNode(hits.length.toLocaleString("en") + " ") : "");
    state.append(labelled(hits.length ? "search_count" : "search_none"));
    var groups = new Map();
    hits.forEach(function (one) {
      var found = documents.get(Math.floor(one / size))[one % size];
      if (!groups.has(found[0])) groups.set(found[0], []);
      groups.get(found[0]).push(found);
    });
    KINDS.forEach(function (kind) {
      var group = groups.get(kind);
      if (!group) return;
      // the name itself before longer ones
      group = group
        .filter(function (one) {
          return fold(one[2]) === folded;
        })
        .concat(
          group.filter(function (one) {
            return fold(one[2]) !== folded;
          })
        );
      var heading = element("h2", "");
      heading.append(labelled("kind_" + kind), element("small", " " + group.length.toLocaleString("en")));
      var list = element("ul", "", { class: "headlines" });
      group.slice(0, SHOWN).forEach(function (one) {
        var item = element("li", "");
        item.append(element("a", one[2], { href: address(kind, one[1]), lang: "ar", dir: "rtl" }));
        if (one[3]) {
          var more = element("span", "", { class: "soft" });
          more.append(element("bdi", one[3]));
          item.append(" ", more);
        }
        list.append(item);
      });
      results.append(heading, list);
      if (group.length > SHOWN) {
        var note = element("p", "", { class: "soft" });
        note.append(labelled("search_first"));
        results.append(note);
      }
    });
  }

  function run() {
    search(box.value).catch(function () {
      state.replaceChildren(labelled("search_failed"));
    });
  }

  box.value = new URLSearchParams(location.search).get("q") || "";
  box.form.addEventListener("submit", function (event) {
    event.preventDefault();
    history.replaceState(null, "", "?q=" + encodeURIComponent(box.value));
    run();
  });
  var pause;
  box.addEventListener("input", function () {
    clearTimeout(pause);
    pause = setTimeout(run, 200);
  });
  run();
})();
