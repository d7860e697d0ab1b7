// The libraries import these packages when they load, or only name them; nothing in Whisper calls them
// (docs/decisions/left-out-packages.md).
"use strict";

const unavailable = () => {
  throw new Error("This package is left out: vendor/left-out stands in for it.");
};

module.exports = new Proxy(unavailable, { get: (_target, name) => (name === "__esModule" ? undefined : unavailable) });
