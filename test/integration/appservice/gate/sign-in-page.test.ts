/** The sign-in page in a real browser, with a stand-in for the client on the same origin. */
import { expect } from "chai";
import express from "express";
import { type Browser, chromium, type Page } from "playwright-core";
import { SIGN_IN_PATH, signInPage } from "../../../../src/appservice/gate/sign-in-page.ts";
import { type Served, serve } from "../../../support/gate/house.ts";
import { CHROMIUM, withProgram } from "../../../support/run/programs.ts";

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

    it("tells the client the homeserver and gives it the token, which no server has seen", async () => {
      const { page, problems } = await open(`#${TOKEN}`);
      await page.waitForURL("**/element/**");
      expect(new URL(page.url()).searchParams.get("loginToken")).to.equal(TOKEN);
      expect(await page.evaluate(() => localStorage.getItem("mx_sso_hs_url"))).to.equal(HOMESERVER);
      expect(requested.filter((path) => path.startsWith(SIGN_IN_PATH))).to.deep.equal([SIGN_IN_PATH]);
      expect(problems.filter((each) => !each.includes("favicon") && !each.includes("404"))).to.deep.equal([]);
      // Going back does not bring back the link with the token.
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

    const now = () => Math.floor(Date.now() / 1_000);

    it("says that a link was used, in the browser that used it", async () => {
      const { page } = await open(`#${TOKEN}&${now() + 60}`);
      await page.waitForURL("**/element/**");
      await page.goto(`${site.url}${SIGN_IN_PATH}#${TOKEN}&${now() + 60}`);
      expect(await page.locator("section:visible").textContent()).to.match(
        /has been used.+HealthTrack again/,
      );
      await page.goto("about:blank");
      await page.goto(`${site.url}${SIGN_IN_PATH}#${TOKEN}x`);
      await page.waitForURL("**/element/**");
    });

    it("says that a link has expired", async () => {
      const { page } = await open(`#${TOKEN}&${now() - 1}`);
      await page.locator("#expired").waitFor();
      expect(await page.title()).to.equal("This link has expired");
      expect(requested).to.not.include("/element/");
    });

    it("believes the server's clock, not that of a computer that is an hour ahead", async () => {
      const page = await (await browser.newContext()).newPage();
      await page.clock.setSystemTime(Date.now() + 3_600_000);
      await page.goto(`${site.url}${SIGN_IN_PATH}#${TOKEN}&${now() + 60}`);
      await page.waitForURL("**/element/**");
    });

    it("runs only its own script, and is never cached or framed", async () => {
      const answer = await fetch(`${site.url}${SIGN_IN_PATH}`);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'");
      expect(policy).to.not.contain("unsafe");
      expect(answer.headers.get("cache-control")).to.equal("no-store");
      expect(answer.headers.get("referrer-policy")).to.equal("no-referrer");
      const html = await answer.text();
      expect(html).to.contain("Smith &#38; &#60;b&#62;").and.not.contain("<b>");
      expect((await fetch(`${site.url}${SIGN_IN_PATH}`, { method: "POST" })).status).to.equal(405);
    });
  });
});
