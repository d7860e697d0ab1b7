import { expect } from "chai";
import { describe, it } from "mocha";
import { archivesAt, isArchived } from "../../../../src/policy/conversations/visibility.ts";

const DAY = 24 * 60 * 60 * 1000;
const now = Date.UTC(2025, 5, 10);

describe("when a conversation leaves the list", () => {
  const cases: Array<readonly [string, { read: boolean; ago: number | null }, boolean]> = [
    ["read, three days ago", { read: true, ago: 3 * DAY }, true],
    ["read, longer ago", { read: true, ago: 30 * DAY }, true],
    ["read, a moment less than three days ago", { read: true, ago: 3 * DAY - 1 }, false],
    ["read just now", { read: true, ago: 0 }, false],
    ["unread, long ago", { read: false, ago: 300 * DAY }, false],
    ["never written to", { read: true, ago: null }, false],
  ];
  for (const [what, { read, ago }, archived] of cases) {
    it(`${what}: ${archived ? "yes" : "no"}`, () => {
      const activity = { read, lastActivityAt: ago === null ? null : now - ago };
      expect(isArchived(activity, 3 * DAY, now)).to.equal(archived);
    });
  }

  it("happens at a time that can be planned", () => {
    expect(archivesAt({ read: true, lastActivityAt: now }, 3 * DAY)).to.equal(now + 3 * DAY);
    expect(archivesAt({ read: false, lastActivityAt: now }, 3 * DAY)).to.equal(null);
  });
});
