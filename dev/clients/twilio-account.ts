/** The account at the stand-in of Twilio, and the signed calls that Twilio makes for it. */
import { createRequire } from "node:module";

const { getExpectedTwilioSignature } = createRequire(import.meta.url)("twilio/lib/webhooks/webhooks.js") as {
  getExpectedTwilioSignature(token: string, url: string, params: Record<string, string>): string;
};

export const ACCOUNT = `AC${"0123456789abcdef".repeat(2)}`;
export const TOKEN = "only-for-tests-token";
export const FROM = "+61480000000";

/** A signed call. @returns the answer's status; 0: there was none. */
export async function call(
  url: string,
  params: Record<string, string>,
  token = TOKEN,
  signedUrl = url,
): Promise<number> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": getExpectedTwilioSignature(token, signedUrl, params),
      },
      body: new URLSearchParams(params).toString(),
    });
    await answer.text();
    return answer.status;
  } catch {
    return 0;
  }
}
