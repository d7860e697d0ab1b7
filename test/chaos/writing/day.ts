import type { TestStack } from "../../support/stack/stack.ts";
import { contentOf, type Message } from "./message.ts";
import { type Asked, type Choice, conversationFor, conversationOfGroup } from "./practice.ts";
import type { Wish } from "./wishes.ts";
import { type Answer, eventIn, roomIn, type Writer } from "./writer.ts";

export interface Conversation extends Asked {
  /** Those that `createRoom` was answered with; it must be one. */
  readonly rooms: Set<string>;
  readonly messages: Message[];
}

/** The day as it happens: everyone does what they wish, one thing after another, all at the same time. */
export class WritingDay {
  readonly conversations = new Map<string, Conversation>();
  /** Each one was acknowledged. */
  readonly messages: Message[] = [];
  /** What was wrong during the day. */
  readonly faults: string[] = [];
  readonly #stack: TestStack;
  readonly #writers: ReadonlyMap<string, Writer>;
  readonly #handles: ReadonlyMap<string, string>;
  readonly #wishes: readonly Wish[];
  readonly #began = performance.now();
  /** Everything that was done, and every kill, with the second. */
  readonly #log: string[] = [];
  #begun = 0;
  #written = 0;
  readonly counts = { refusals: 0, reads: 0, repeated: 0, begun: 0, late: 0 };
  finished = false;

  /**
   * @param handles the accounts that stand for groups, by the group's name.
   * @param rooms the rooms that groups have before the day, by the group's name.
   */
  constructor(
    stack: TestStack,
    writers: ReadonlyMap<string, Writer>,
    handles: ReadonlyMap<string, string>,
    rooms: ReadonlyMap<string, string>,
    wishes: readonly Wish[],
  ) {
    this.#stack = stack;
    this.#writers = writers;
    this.#handles = handles;
    this.#wishes = wishes;
    for (const [name, room] of rooms) this.#conversation(conversationOfGroup(name)).rooms.add(room);
  }

  get writers(): ReadonlyMap<string, Writer> {
    return this.#writers;
  }

  get progress(): number {
    return this.#begun / this.#wishes.length;
  }

  async live(): Promise<void> {
    const byPerson = Map.groupBy(this.#wishes, ({ by }) => by);
    await Promise.all(
      [...byPerson].map(async ([, wishes]) => {
        for (const wish of wishes) {
          this.#begun += 1;
          await this.#do(wish).catch((error: unknown) => {
            const reason = error instanceof Error ? error.message : String(error);
            this.faults.push(`${JSON.stringify(wish)} failed ${this.#second()} s into the day: ${reason}`);
          });
        }
      }),
    );
    this.finished = true;
  }

  /** Puts something into the log of the day. */
  note(what: string): void {
    this.#log.push(`${this.#second()} s ${what}`);
  }

  /** What happened around a message. */
  around({ log: [from, to] }: Message): string {
    return this.#log.slice(Math.max(0, from - 3), to + 6).join("; ");
  }

  #second = (): string => ((performance.now() - this.#began) / 1_000).toFixed(1);

  async #do(wish: Wish): Promise<void> {
    const writer = this.#writers.get(wish.by);
    if (writer === undefined) throw new Error(`${wish.by} is not at a client`);
    if (wish.do === "begin") {
      const begun = [this.#begin(writer, wish.choice)];
      const other = wish.choice.users.find((each) => each !== wish.by);
      const otherWriter = this.#writers.get(other ?? "");
      if (wish.both && otherWriter !== undefined) {
        const users = [...wish.choice.users.filter((each) => each !== other && each !== wish.by), wish.by];
        begun.push(this.#begin(otherWriter, { ...wish.choice, users }));
      }
      await Promise.all(begun);
      return;
    }
    const known = [...this.conversations.values()].filter((each) => each.members.includes(wish.by));
    if (wish.do === "read") {
      const message = pick(known, wish.where)?.messages.at(-1);
      if (message === undefined) return;
      this.counts.reads += 1;
      await this.#see(writer, message.room);
      this.#expect(await writer.read(message.room, message.event), `${wish.by} reads ${message.text}`);
      return;
    }
    const conversation = pick(
      known.filter((each) => each.writers.includes(wish.by)),
      wish.where,
    );
    const room = [...(conversation?.rooms ?? [])].at(-1);
    if (conversation === undefined || room === undefined) return;
    await this.#see(writer, room);
    await this.#write(writer, conversation, wish.how, wish.about, room);
  }

  /** Asks for a conversation, and sends the first message as soon as there is a room. */
  async #begin(writer: Writer, chosen: Choice): Promise<void> {
    const choice = { ...chosen, users: chosen.users.filter((each) => each !== writer.username) };
    if (choice.users.length + choice.groups.length === 0) return;
    const asked = conversationFor(writer.username, choice);
    const what = `${writer.username} begins with ${[...choice.groups, ...choice.users].join(", ")}`;
    this.note(what);
    const answer = await writer.begin([
      ...choice.users.map((username) => this.#stack.userId(username)),
      ...choice.groups.map((name) => this.#handles.get(name) ?? name),
    ]);
    if (asked === null) {
      this.counts.refusals += 1;
      if (answer.status !== 403) this.faults.push(`${what} and is not refused: ${JSON.stringify(answer)}`);
      return;
    }
    if (!this.#expect(answer, what)) return;
    this.counts.begun += 1;
    const conversation = this.#conversation(asked);
    const room = roomIn(answer);
    conversation.rooms.add(room);
    if (asked.writers.includes(writer.username)) await this.#write(writer, conversation, "plain", 0, room);
  }

  async #write(
    writer: Writer,
    conversation: Conversation,
    how: Message["how"],
    about: number,
    room: string,
  ): Promise<void> {
    this.#written += 1;
    const text = `Message ${this.#written} by ${writer.username}`;
    const { type, content, as } = contentOf(text, how, conversation.messages, about, writer.username);
    const from = this.#log.length;
    const what = `${writer.username} sends ${text} (${as}) to ${conversation.key}`;
    this.note(what);
    const answer = await writer.send(room, type, content);
    if (!this.#expect(answer, what)) return;
    this.note(
      `${text} is acknowledged${answer.failed.length > 0 ? ` after ${answer.failed.join(", ")}` : ""}`,
    );
    const message: Message = {
      by: writer.username,
      conversation: conversation.key,
      event: eventIn(answer),
      how: as,
      log: [from, this.#log.length],
      room,
      text,
    };
    conversation.messages.push(message);
    this.messages.push(message);
  }

  /** On a busy machine the first one may be in a conversation before the others are. */
  async #see(writer: Writer, room: string): Promise<void> {
    if (!(await writer.see(room))) this.counts.late += 1;
  }

  #expect(answer: Answer, what: string): boolean {
    if (answer.failed.length > 0) this.counts.repeated += 1;
    if (answer.status === 200) return true;
    this.faults.push(`${what}, ${this.#second()} s into the day, and is answered ${JSON.stringify(answer)}`);
    return false;
  }

  #conversation(asked: Asked): Conversation {
    let known = this.conversations.get(asked.key);
    if (known === undefined) {
      known = { ...asked, rooms: new Set(), messages: [] };
      this.conversations.set(asked.key, known);
    }
    return known;
  }
}

const pick = <T>(those: readonly T[], which: number): T | undefined =>
  those.length === 0 ? undefined : those[which % those.length];
