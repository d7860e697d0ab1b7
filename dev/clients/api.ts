/** HealthTrack's side: calls to Whisper's HTTP API. */

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The answer's JSON; undefined if it has none. */
  readonly body: unknown;
}

export interface ApiTarget {
  readonly whisper: string;
  readonly apiKey: string;
}

export async function callApi(
  target: ApiTarget,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  const response = await fetch(new URL(path, target.whisper), {
    method,
    headers: {
      authorization: `Bearer ${target.apiKey}`,
      // A connection kept from before a restart of Whisper is broken, and only a write would discover it.
      connection: "close",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(120_000),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : parseJson(text),
  };
}

/** Like `callApi`, for calls that must succeed. */
export async function mustCallApi(
  target: ApiTarget,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const answer = await callApi(target, method, path, body);
  if (answer.status >= 300) {
    throw new Error(`Whisper answered ${answer.status} to ${method} ${path}: ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
