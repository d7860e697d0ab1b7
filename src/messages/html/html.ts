/** Escapes text for HTML (client-server API, "m.room.message msgtypes", `formatted_body`). */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export const HTML_FORMAT = "org.matrix.custom.html";
