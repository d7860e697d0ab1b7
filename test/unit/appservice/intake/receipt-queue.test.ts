import { expect } from "chai";
import { receiptQueue } from "../../../../src/appservice/intake/receipt-queue.ts";

const receipt = (room_id: string) => ({ type: "m.receipt", room_id, content: {} });

/** A store that finishes a batch when the test says so. */
function slowStore() {
  const batches: { readonly events: readonly unknown[]; done(): void; fail(error: Error): void }[] = [];
  const store = (events: readonly unknown[]) =>
    new Promise<void>((done, fail) => void batches.push({ events, done, fail }));
  return { batches, store };
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe("receipts that are waiting to be stored", () => {
  it("are stored one batch after another, and those that arrive meanwhile form the next", async () => {
    const { batches, store } = slowStore();
    const queue = receiptQueue(store, () => undefined);
    await queue.add([receipt("!a")]);
    await queue.add([receipt("!b"), { type: "m.typing" }, null, "x"]);
    await queue.add([receipt("!c")]);
    expect(batches.map(({ events }) => events)).to.deep.equal([[receipt("!a")]]);
    batches[0]?.done();
    await turns();
    expect(batches.map(({ events }) => events.length)).to.deep.equal([1, 2]);
    batches[1]?.done();
    await queue.idle();
  });

  it("are reported if they cannot be stored, and later ones are still stored", async () => {
    const { batches, store } = slowStore();
    const lost: unknown[] = [];
    const queue = receiptQueue(store, (error) => lost.push(error));
    const error = new Error("no database");
    await queue.add([receipt("!a")]);
    await queue.add([receipt("!b")]);
    batches[0]?.fail(error);
    await turns();
    expect(lost).to.deep.equal([error]);
    batches[1]?.done();
    await queue.idle();
    expect(batches).to.have.lengthOf(2);
  });

  it("are stored even if they arrive just as the previous batch finishes", async () => {
    const stored: unknown[] = [];
    const queue = receiptQueue(
      async (events) => {
        stored.push(...events);
        if (stored.length === 1) queueMicrotask(() => queueMicrotask(() => void queue.add([receipt("!b")])));
      },
      () => undefined,
    );
    await queue.add([receipt("!a")]);
    await queue.idle();
    await turns();
    await queue.idle();
    expect(stored).to.have.lengthOf(2);
  });

  it("make Synapse wait if there are too many, so that memory is bounded", async () => {
    const { batches, store } = slowStore();
    const queue = receiptQueue(store, () => undefined);
    await queue.add([receipt("!first")]);
    let added = false;
    const adding = queue.add(Array.from({ length: 10_001 }, (_, index) => receipt(`!${index}`))).then(() => {
      added = true;
    });
    await turns();
    expect(added).to.equal(false);
    batches[0]?.done();
    await turns();
    batches[1]?.done();
    await adding;
    expect(added).to.equal(true);
  });
});
