import { expect } from "chai";
import { type Browser, chromium } from "playwright-core";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import { CHROMIUM, withProgram } from "../../support/run/programs.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, nameOf, unique } from "../../support/stack/staff.ts";

withProgram(CHROMIUM, ({ describe, command: [browserPath] }) => {
  describe("A sign-in link of the demo, which has no client of its own", function () {
    this.timeout(120_000);
    let stack: TestStack;
    let browser: Browser;
    const anna = unique("anna");
    let url: string;

    before(async function () {
      this.timeout(300_000);
      stack = await sharedStack();
      await hire(stack, anna, {}, { withoutSync: true });
      browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
      const link = await mustCallApi(stack, "POST", `/api/v1/users/${anna}/sign-in`);
      ({ url } = z.object({ url: z.string() }).parse(link));
    });
    after(() => browser?.close());

    const opened = async (fresh: string, section: string) => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(fresh);
      const shown = page.locator(`#${section}`);
      await shown.waitFor();
      expect(page.url()).not.to.match(/syl_/);
      return (await shown.textContent()) ?? "";
    };

    it("signs in, and shows whose account it is and what is in their list", async () => {
      const text = await opened(url, "in");
      expect(text).to.include(nameOf(anna)).and.include("Alerts");
    });

    it("says that it does not work twice, in another browser too", async () => {
      expect(await opened(url, "refused")).to.match(/Open Whisper from HealthTrack again/);
    });
  });
});
