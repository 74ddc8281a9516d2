import type { NextConfig } from "next";

const config: NextConfig = {
  output: "export",
  images: { unoptimized: true },
  // A page is its folder's index.html, as infra/frontend.yaml and WhiteNoise expect it.
  trailingSlash: true,
  reactStrictMode: true,
  poweredByHeader: false,
  // `make check` holds the types; a build need not wait for them once more.
  typescript: { ignoreBuildErrors: true },
  // The same sources are the same build: who builds them again makes nobody reload.
  generateBuildId: () => process.env.APP_BUILD ?? null,
  // Each page's list of chunks in a file of its own rather than in an inline script: script-src 'self' is enough then.
  experimental: { turbopackSharedRuntime: false },
};

export default config;
