/** Notifications where nobody announces anything. */
export const NO_NEWS = { on: () => () => undefined, onGap: () => undefined };
