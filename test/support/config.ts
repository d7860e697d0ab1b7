/** The least that a configuration has to say. */
export const SMALLEST_CONFIG = {
  homeserver: {
    url: "http://127.0.0.1:8009",
    public_url: "https://chat.practice.example/",
    server_name: "practice.example",
  },
  database: { url: "postgres://whisper:hunter2@db/whisper" },
  policy: { token: "a-policy-token" },
  public_url: "https://whisper.practice.example",
  practice: { name: "Test practice" },
};
