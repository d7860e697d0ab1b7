// matrix-bot-sdk imports these names when it loads; nothing in Whisper calls them.
"use strict";

const unavailable = () => {
  throw new Error("End-to-end encryption is not part of Whisper: its rooms are not encrypted.");
};

module.exports = new Proxy({}, { get: (_target, name) => (name === "__esModule" ? undefined : class { constructor() { unavailable(); } }) });
