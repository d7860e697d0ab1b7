/**
 * A staff member at a Matrix client: matrix-js-sdk, signed in like any client, through the read gate.
 * The tour and the end-to-end tests share it, so they see what a real client shows.
 */
import { inspect } from "node:util";
import {
  ClientEvent,
  createClient,
  EventType,
  type ICreateRoomOpts,
  type MatrixClient,
  type MatrixEvent,
  MemoryStore,
  MsgType,
  Preset,
  RelationType,
  type Room,
} from "matrix-js-sdk";
import { afterSyncs } from "./after-syncs.ts";
import { quiet, silenceSdk } from "./quiet-logger.ts";
import { bodyOf, describeRooms, matches, ownMembership, place, redacts } from "./room-events.ts";
import { type Credentials, openSession } from "./session.ts";

silenceSdk();

export interface SignInOptions {
  /** Do not sync: for tests of single requests. */
  readonly withoutSync?: boolean;
  readonly deviceName?: string;
}

const PATIENCE_MS = 15_000;

export class Person {
  readonly userId: string;
  readonly client: MatrixClient;
  /** Every event that /sync returned, in order of arrival. */
  readonly seen: MatrixEvent[] = [];
  /** What the client could not take in of a sync. It goes on without that, so what was in it never appears. */
  readonly #syncErrors: unknown[] = [];

  private constructor(userId: string, client: MatrixClient) {
    this.userId = userId;
    this.client = client;
    client.on(ClientEvent.Event, (event) => this.seen.push(event));
    client.on(ClientEvent.SyncUnexpectedError, (error) => this.#syncErrors.push(error));
  }

  static async signIn(
    homeserver: string,
    credentials: Credentials,
    options: SignInOptions = {},
  ): Promise<Person> {
    const session = await openSession(homeserver, credentials, options.deviceName ?? "Whisper test client");
    const client = createClient({
      baseUrl: homeserver,
      ...session,
      store: new MemoryStore({}),
      logger: quiet,
      timelineSupport: true,
    });
    const person = new Person(session.userId, client);
    if (!options.withoutSync) await person.#startSync();
    return person;
  }

  async #startSync(): Promise<void> {
    await this.client.startClient({
      initialSyncLimit: 50,
      lazyLoadMembers: false,
      disablePresence: true,
      // Thread replies stay in the main timeline, where a wait can find them.
      threadSupport: false,
    });
    await this.until("the first sync", () => this.client.isInitialSyncComplete(), 30_000);
  }

  /** Stops syncing. The session stays valid; `signOut` ends it. */
  stop(): void {
    this.client.stopClient();
    this.client.removeAllListeners();
  }

  async signOut(): Promise<void> {
    this.client.stopClient();
    await this.client.logout(false);
    this.client.removeAllListeners();
  }

  /**
   * Looks immediately, and again after every sync, until `look` returns something. This is the only way to wait: nothing
   * here sleeps. Times out after `ms`, with what was awaited and what this person sees instead.
   */
  until<T>(what: string, look: () => T | undefined | false, ms = PATIENCE_MS): Promise<T> {
    const tooLate = () =>
      new Error(
        `${this.userId} waited ${ms / 1000} s for ${what}, which did not happen.\n${this.describe()}`,
      );
    return afterSyncs(this.client, look, ms, tooLate);
  }

  /** The rooms that this person is joined to, as their client lists them. */
  rooms(): Room[] {
    return this.client.getRooms().filter((room) => ownMembership(room) === "join");
  }

  waitForRoom(what: string, wanted: (room: Room) => boolean, ms?: number): Promise<Room> {
    return this.until(what, () => this.rooms().find(wanted), ms);
  }

  waitUntilRoomIsGone(roomId: string, ms?: number): Promise<true> {
    return this.until(`room ${roomId} to go`, () => !this.rooms().some((room) => room.roomId === roomId), ms);
  }

  /** An event in any room, past or future. */
  waitForEvent(what: string, wanted: (event: MatrixEvent) => boolean, ms?: number): Promise<MatrixEvent> {
    return this.until(what, () => this.seen.find(wanted), ms);
  }

  waitForText(text: string | RegExp, roomId?: string, ms?: number): Promise<MatrixEvent> {
    return this.waitForEvent(
      `the message ${text}`,
      (event) =>
        event.getType() === EventType.RoomMessage &&
        (roomId === undefined || event.getRoomId() === roomId) &&
        matches(text, bodyOf(event)),
      ms,
    );
  }

  waitForRedaction(eventId: string, ms?: number): Promise<true> {
    return this.until(
      `${eventId} to be removed`,
      () =>
        this.seen.some((event) => event.getType() === EventType.RoomRedaction && redacts(event) === eventId),
      ms,
    );
  }

  waitForReaction(eventId: string, key: string, sender?: string, ms?: number): Promise<MatrixEvent> {
    return this.waitForEvent(
      `the reaction ${key} to ${eventId}`,
      (event) => {
        const relation = event.getRelation();
        return (
          event.getType() === EventType.Reaction &&
          relation?.event_id === eventId &&
          relation.key === key &&
          (sender === undefined || event.getSender() === sender)
        );
      },
      ms,
    );
  }

  /** Returns the event id. */
  async sendText(roomId: string, body: string): Promise<string> {
    return (await this.client.sendMessage(roomId, { msgtype: MsgType.Text, body })).event_id;
  }

  async reply(to: MatrixEvent, body: string): Promise<string> {
    const { roomId, eventId } = place(to);
    const content = {
      msgtype: MsgType.Text as const,
      body,
      "m.relates_to": { "m.in_reply_to": { event_id: eventId } },
    };
    return (await this.client.sendMessage(roomId, content)).event_id;
  }

  async replyInThread(root: MatrixEvent, body: string): Promise<string> {
    const { roomId, eventId } = place(root);
    const content = {
      msgtype: MsgType.Text as const,
      body,
      "m.relates_to": {
        rel_type: RelationType.Thread as const,
        event_id: eventId,
        is_falling_back: true,
        "m.in_reply_to": { event_id: eventId },
      },
    };
    return (await this.client.sendMessage(roomId, content)).event_id;
  }

  async react(roomId: string, eventId: string, key: string): Promise<string> {
    const relation = { rel_type: RelationType.Annotation as const, event_id: eventId, key };
    const sent = await this.client.sendEvent(roomId, EventType.Reaction, { "m.relates_to": relation });
    return sent.event_id;
  }

  async edit(original: MatrixEvent, body: string): Promise<string> {
    const { roomId, eventId } = place(original);
    const content = {
      msgtype: MsgType.Text as const,
      body: `* ${body}`,
      "m.new_content": { msgtype: MsgType.Text as const, body },
      "m.relates_to": { rel_type: RelationType.Replace as const, event_id: eventId },
    };
    return (await this.client.sendMessage(roomId, content)).event_id;
  }

  async redact(roomId: string, eventId: string): Promise<string> {
    return (await this.client.redactEvent(roomId, eventId)).event_id;
  }

  async markRead(event: MatrixEvent): Promise<void> {
    await this.client.sendReadReceipt(event);
  }

  /** The display names and ids that the client's people search offers. */
  async searchPeople(term: string): Promise<Array<{ userId: string; name: string }>> {
    const { results } = await this.client.searchUserDirectory({ term, limit: 20 });
    return results.map((each) => ({ userId: each.user_id, name: each.display_name ?? "" }));
  }

  async createRoom(options: ICreateRoomOpts): Promise<string> {
    return (await this.client.createRoom(options)).room_id;
  }

  /** Starts a direct chat as Element does: a direct room, its entry in `m.direct`, and immediately the message. */
  async createDirect(other: string, firstMessage?: string): Promise<string> {
    const roomId = await this.createRoom({
      preset: Preset.TrustedPrivateChat,
      is_direct: true,
      invite: [other],
    });
    const direct = this.client.getAccountData(EventType.Direct)?.getContent() ?? {};
    const known: unknown = direct[other];
    await this.client.setAccountData(EventType.Direct, {
      ...direct,
      [other]: [...(Array.isArray(known) ? known : []), roomId],
    });
    if (firstMessage !== undefined) await this.sendText(roomId, firstMessage);
    return roomId;
  }

  async invite(roomId: string, userId: string): Promise<void> {
    await this.client.invite(roomId, userId);
  }

  async kick(roomId: string, userId: string): Promise<void> {
    await this.client.kick(roomId, userId);
  }

  async leave(roomId: string): Promise<void> {
    await this.client.leave(roomId);
  }

  async setRoomName(roomId: string, name: string): Promise<void> {
    await this.client.setRoomName(roomId, name);
  }

  /** Any client API request with this person's token, for what the SDK hides. The path begins with /_matrix. */
  async request(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(new URL(path, this.client.getHomeserverUrl()), {
      method,
      headers: {
        authorization: `Bearer ${this.client.getAccessToken()}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    const answer: unknown = text === "" ? undefined : JSON.parse(text);
    return { status: response.status, body: answer };
  }

  /** What this person's client shows: their rooms and each room's latest lines. For failure messages. */
  describe(): string {
    const errors = this.#syncErrors.map((error) => `\n  Lost in a sync: ${inspect(error)}`);
    return `  Rooms in sight:\n${describeRooms(this.rooms())}${errors.join("")}`;
  }
}
