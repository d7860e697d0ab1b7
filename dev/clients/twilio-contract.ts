/**
 * Prism (Stoplight) with Twilio's own document. It stands in front of the stand-in, within its process: a connection
 * that breaks there breaks as it would at Twilio, which a proxy on its own port would smooth out.
 */
import { createRequire } from "node:module";
import type {
  IHttpRequest,
  IHttpResponse,
  PrismHttpComponents,
  PrismHttpInstance,
} from "@stoplight/prism-http";
import { twilioDocument } from "./twilio-document.ts";

type Operations = Parameters<PrismHttpInstance["request"]>[1];

export interface TwilioAnswer {
  readonly status: number;
  readonly body: object;
}

/** The severity of what is wrong, rather than unusual (Prism, DiagnosticSeverity). */
const ERROR = 0;
const JSON_TYPE = { "content-type": "application/json" };
const quiet = () => undefined;
const LOGGER = {
  child: () => LOGGER,
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: quiet,
  fatal: quiet,
  success: quiet,
} as unknown as PrismHttpComponents["logger"];

export class TwilioContract {
  /** What Twilio would not have taken, or not have answered. Tests fail if there is any. */
  readonly violations: string[] = [];
  readonly #prism: typeof import("@stoplight/prism-http");
  readonly #operations: Operations;

  private constructor(prism: typeof import("@stoplight/prism-http"), operations: Operations) {
    this.#prism = prism;
    this.#operations = operations;
  }

  static async open(): Promise<TwilioContract> {
    // Loaded only where SMS go to the stand-in: it takes a third of a second.
    const prism = createRequire(import.meta.url)(
      "@stoplight/prism-http",
    ) as typeof import("@stoplight/prism-http");
    return new TwilioContract(prism, await prism.getHttpOperationsFromSpec(twilioDocument()));
  }

  /** The answer to a request, or 422 if Twilio would not take it. */
  async pass(request: IHttpRequest, answer: () => Promise<TwilioAnswer>): Promise<TwilioAnswer> {
    const forward: PrismHttpComponents["forward"] = (input) => () => async () => {
      const wrong = errorsIn(input.validations);
      if (wrong.length > 0) {
        this.violations.push(...wrong.map((each) => `request: ${each}`));
        return right({
          statusCode: 422,
          headers: JSON_TYPE,
          body: { code: 422, status: 422, message: wrong.join("; ") },
        });
      }
      const { status, body } = await answer();
      return right({ statusCode: status, headers: JSON_TYPE, body });
    };
    const prism = this.#prism.createInstance(
      {
        isProxy: true,
        upstream: new URL("http://127.0.0.1"),
        upstreamProxy: undefined,
        checkSecurity: true,
        validateRequest: true,
        validateResponse: true,
        errors: true,
        mock: { dynamic: false },
      },
      { logger: LOGGER, forward },
    );
    const passed = await prism.request(request, this.#operations)();
    if (passed._tag === "Left") {
      // There is no such operation in the document.
      this.violations.push(`request: ${request.method} ${request.url.path}: ${passed.left.name}`);
      return { status: 404, body: { code: 20_404, status: 404, message: passed.left.message } };
    }
    const { output, validations } = passed.right;
    this.violations.push(...errorsIn(validations.output).map((each) => `answer: ${each}`));
    return { status: output.statusCode, body: output.body as object };
  }
}

const right = (response: IHttpResponse) => ({ _tag: "Right", right: response }) as const;

const errorsIn = (found: readonly { readonly severity: number; readonly message: string }[]): string[] =>
  found.filter(({ severity }) => severity === ERROR).map(({ message }) => message);
