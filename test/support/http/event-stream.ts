/** A reader of server-sent events (HTML standard, "Server-sent events"). */
import { eventually } from "../eventually.ts";

export interface SentEvent {
  readonly event: string;
  readonly data: unknown;
  /** `performance.now()` when it came. */
  readonly at: number;
}

export interface EventStream {
  /** The events so far. */
  readonly events: readonly SentEvent[];
  /** Waits for the first such event. */
  until(what: string, wanted: (event: SentEvent) => boolean): Promise<SentEvent>;
  /** Resolves when the other side ends the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

export async function openEventStream(url: URL, apiKey: string): Promise<EventStream> {
  const closing = new AbortController();
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal: closing.signal,
  });
  if (response.status !== 200 || response.body === null)
    throw new Error(`the stream was refused: ${response.status} ${await response.text()}`);
  const events: SentEvent[] = [];
  const { body } = response;
  const read = async () => {
    let text = "";
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) {
        const [, event] = /^event: (.*)$/m.exec(frame) ?? [];
        const [, data] = /^data: (.*)$/m.exec(frame) ?? [];
        if (event !== undefined && data !== undefined)
          events.push({ event, data: JSON.parse(data), at: performance.now() });
      }
    }
  };
  const ended = read().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });
  return {
    events,
    until: (what, wanted) => eventually(what, () => events.find(wanted)),
    ended,
    close: () => closing.abort(),
  };
}
