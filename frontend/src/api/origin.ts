/** Where the API is: the app's own origin, unless NEXT_PUBLIC_API_URL named another host of the same site at build time. */
export const ORIGIN = (process.env.NEXT_PUBLIC_API_URL ?? "").replace(/\/$/, "");
