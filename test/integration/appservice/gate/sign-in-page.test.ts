/** The sign-in page in a real browser, with a stand-in for the client under the same origin. */
import { expect } from "chai";
import express from "express";
import { type Browser, chromium, type Page } from "playwright-core";
import { SIGN_IN_PATH, signInPage } from "../../../../src/appservice/gate/sign-in-page.ts";
import { CHROMIUM, withProgram } from "../../../support/run/programs.ts";
import { type Served, serve } from "./house.ts";

const TOKEN = "syl_aHRfZHIuam9uZXM_abcDEF+123/45=";
const HOMESERVER = "https://chat.practice.example";

withProgram(CHROMIUM, ({ describe, command: [browserPath] }) => {
  describe("the sign-in page", function () {
    this.timeout(60_000);
    let browser: Browser;
    let site: Served;
    const requested: string[] = [];

    before(async () => {
      const app = express();
      app.use((request, _response, next) => {
        requested.push(request.originalUrl);
        next();
      });
      app.use(
        SIGN_IN_PATH,
        signInPage({
          homeserverUrl: HOMESERVER,
          clientPath: "/element/",
          practiceName: 'Smith & <b>"Sons"</b></script>',
        }),
      );
      app.get("/element/", (_request, response) => {
        response.type("html").send("<title>the client</title>");
      });
      site = await serve(app);
      browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"] });
    });
    after(async () => {
      await browser?.close();
      await site?.close();
    });

    async function open(fragment: string): Promise<{ page: Page; problems: string[] }> {
      requested.length = 0;
      const page = await (await browser.newContext()).newPage();
      const problems: string[] = [];
      page.on("console", (message) => problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(String(error)));
      await page.goto(`${site.url}${SIGN_IN_PATH}${fragment}`);
      return { page, problems };
    }

    it("tells the client the homeserver and hands it the token, which no server sees before", async () => {
      const { page, problems } = await open(`#${TOKEN}`);
      await page.waitForURL("**/element/**");
      expect(new URL(page.url()).searchParams.get("loginToken")).to.equal(TOKEN);
      expect(await page.evaluate(() => localStorage.getItem("mx_sso_hs_url"))).to.equal(HOMESERVER);
      expect(requested.filter((path) => path.startsWith(SIGN_IN_PATH))).to.deep.equal([SIGN_IN_PATH]);
      expect(problems.filter((each) => !each.includes("favicon") && !each.includes("404"))).to.deep.equal([]);
      // Back does not bring the link with the token again.
      await page.goBack().catch(() => null);
      expect(page.url()).to.not.contain("#");
    });

    for (const [fragment, sentence] of [
      ["", "This link cannot sign you in"],
      ["#", "This link cannot sign you in"],
      ["#<img src=x onerror=alert(1)>", "This link is damaged"],
      ["#javascript:alert(1)", "This link is damaged"],
      [`#${"x".repeat(600)}`, "This link is damaged"],
    ] as const) {
      it(`says what is wrong with ${fragment.slice(0, 30) || "no token"}`, async () => {
        const { page } = await open(fragment);
        const shown = page.locator("section:visible");
        expect(await shown.count()).to.equal(1);
        expect(await shown.textContent())
          .to.contain(sentence)
          .and.contain("Open Whisper from HealthTrack again");
        expect(await page.title()).to.equal(sentence);
        expect(await page.locator("section:visible a").getAttribute("href")).to.equal("/element/");
        expect(page.url()).to.equal(`${site.url}${SIGN_IN_PATH}`);
      });
    }

    it("runs nothing but its own script, and is kept and framed nowhere", async () => {
      const answer = await fetch(`${site.url}${SIGN_IN_PATH}`);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'");
      expect(policy).to.not.contain("unsafe");
      expect(answer.headers.get("cache-control")).to.equal("no-store");
      expect(answer.headers.get("referrer-policy")).to.equal("no-referrer");
      const html = await answer.text();
      expect(html).to.contain("Smith &amp; &lt;b&gt;").and.not.contain("<b>");
      expect((await fetch(`${site.url}${SIGN_IN_PATH}`, { method: "POST" })).status).to.equal(405);
    });
  });
});
