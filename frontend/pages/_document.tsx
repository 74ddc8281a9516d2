import { Head, Html, Main, NextScript } from "next/document";

export default function Document() {
  return (
    <Html lang="en">
      <Head>
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbfbfc" />
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0e1015" />
        <link rel="icon" href="/icons/up.svg" type="image/svg+xml" />
        {/* Before the first paint, so that a chosen theme does not flash. */}
        {/* eslint-disable-next-line @next/next/no-sync-scripts */}
        <script src="/theme.js" />
      </Head>
      <body>
        <Main />
        <NextScript />
      </body>
    </Html>
  );
}
