/** What the pages before the sign-in share. */
import { useQuery } from "@tanstack/react-query";
import { isObject } from "@/api/problems";
import { auth } from "@/session/auth";

/** Where to go after signing in: an address of this app as browsers read it (they leave out tabs and line ends, and
 *  take a backslash for a slash), never another host's. */
export function nextAddress(query: URLSearchParams): string {
  const next = query.get("next") ?? "/";
  try {
    const { origin, pathname, search, hash } = new URL(next, location.origin);
    decodeURI(pathname); // the router fails where this does
    if (next.startsWith("/") && origin === location.origin && !pathname.startsWith("//"))
      return pathname + search + hash;
  } catch {
    // No address at all.
  }
  return "/";
}

/** May anybody register? Undefined while nobody knows. */
export function useIsOpen(): boolean | undefined {
  const config = useQuery({ queryKey: ["auth-config"], queryFn: auth.config, staleTime: Infinity });
  const data = config.data?.ok ? config.data.data : undefined;
  const account = isObject(data) ? data.account : undefined;
  return isObject(account) ? account.is_open_for_signup === true : undefined;
}
