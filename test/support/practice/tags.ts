import type { RoomTags } from "../../../src/conversations/list/tags.ts";
import type { RoomId, UserId } from "../../../src/policy/model.ts";

/** The tags of every account, as the homeserver keeps them, and how often it was asked. */
export class Tags implements RoomTags {
  readonly all = new Map<string, Record<string, unknown>>();
  calls = 0;
  failFor: UserId | null = null;
  /** Happens once, before the next tag is put on or taken off; what it throws comes after. */
  meanwhile: (() => Promise<unknown>) | null = null;

  async of(user: UserId, room: RoomId) {
    this.calls += 1;
    if (user === this.failFor) throw new Error("refused");
    return this.all.get(`${user} ${room}`) ?? {};
  }
  async put(user: UserId, room: RoomId, tag: string, content: Record<string, unknown>) {
    const held = this.#happen();
    this.all.set(`${user} ${room}`, { ...(await this.of(user, room)), [tag]: content });
    await held;
  }
  async remove(user: UserId, room: RoomId, tag: string) {
    const held = this.#happen();
    const { [tag]: _, ...rest } = await this.of(user, room);
    this.all.set(`${user} ${room}`, rest);
    await held;
  }
  #happen(): Promise<unknown> {
    const happens = this.meanwhile;
    this.meanwhile = null;
    return happens?.() ?? Promise.resolve();
  }
}
