/** The token that every request which changes something must show. A cookie holds it; on another origin than the
 *  API's the cookie cannot be read, and the answers of `/_allauth/` bring it instead. */

let told = "";

export function rememberToken(token: string): void {
  told = token;
}

export function csrfToken(): string {
  const cookie = /(?:^|; )(?:__Host-)?csrftoken=([^;]+)/.exec(document.cookie);
  return cookie?.[1] ?? told;
}
