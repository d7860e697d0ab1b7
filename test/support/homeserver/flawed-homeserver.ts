/** A homeserver that keeps what is sent, remembers transaction ids as Synapse does, and fails when a test says so. */
import {
  type Homeserver,
  HomeserverAway,
  type HomeserverCall,
  MatrixRefused,
} from "../../../src/appservice/homeserver/homeserver.ts";

export interface KeptEvent {
  readonly event_id: string;
  readonly room_id: string;
  readonly type: string;
  readonly content: Record<string, unknown>;
  readonly origin_server_ts: number;
  readonly redacts?: string;
}

/** What happens to the next sends: `away before` and `away after` are the two sides of a call without an answer. */
export type Flaw =
  | "no flaw"
  | "away before"
  | "away after"
  /** `status`: 403 by default. */
  | { readonly errcode: string; readonly status?: number };

export class FlawedHomeserver implements Homeserver {
  readonly events: KeptEvent[] = [];
  readonly calls: HomeserverCall[] = [];
  readonly flaws: Flaw[] = [];
  #transactions = new Map<string, string>();

  /** Forgets transaction ids, as a restart of Synapse does. */
  restart(): void {
    this.#transactions.clear();
  }

  async call<T>(call: HomeserverCall): Promise<T> {
    this.calls.push(call);
    // The only place where a stand-in's plain data becomes the type that the caller asked for.
    return this.#answer(call) as T;
  }

  #answer(call: HomeserverCall): unknown {
    if (call.method === "GET") return { chunk: this.#roomOf(call).reverse() };
    const flaw = this.flaws.shift();
    if (flaw === "away before") throw new HomeserverAway(call, "before");
    if (typeof flaw === "object") throw new MatrixRefused(call, flaw.status ?? 403, flaw.errcode, "");
    const event = this.#keep(call);
    if (flaw === "away after") throw new HomeserverAway(call, "after");
    return { event_id: event };
  }

  #roomOf({ path }: HomeserverCall): KeptEvent[] {
    return this.events.filter(({ room_id }) => room_id === roomIn(path));
  }

  #keep({ path, body }: HomeserverCall): string {
    const known = this.#transactions.get(path);
    if (known !== undefined) return known;
    const parts = path.split("/").map(decodeURIComponent);
    const redaction = parts.at(-3) === "redact";
    const id = `$event-${this.events.length + 1}`;
    this.events.push({
      event_id: id,
      room_id: roomIn(path),
      type: redaction ? "m.room.redaction" : (parts.at(-2) ?? ""),
      content: typeof body === "object" && body !== null ? { ...body } : {},
      origin_server_ts: Date.now(),
      ...(redaction ? { redacts: parts.at(-2) ?? "" } : {}),
    });
    this.#transactions.set(path, id);
    return id;
  }
}

/** `/_matrix/client/v3/rooms/<room>/…` */
const roomIn = (path: string): string => decodeURIComponent(path.split("/")[5] ?? "");
