// Uploads with the tus client that the pages use: over a line that breaks once, and one that is given up.
// Usage: node tus_client.mjs http://host:port/api/v1/imports path/to/node_modules

import { createRequire } from "node:module";
import net from "node:net";

// The packages that the pages were built with.
const { Upload } = createRequire(`${process.argv[3]}/`)("tus-js-client");

const endpoint = new URL(process.argv[2]);
const file = Buffer.from(Array.from({ length: 5_000_000 }, (_, at) => (at * 31) % 251));

/** A way to the server that drops its first connections after so many bytes. */
async function brittleLine(...breaksAfter) {
  const line = net.createServer((client) => {
    const server = net.connect(Number(endpoint.port), endpoint.hostname);
    let left = breaksAfter.length ? breaksAfter.shift() : Infinity;
    client.on("data", (chunk) => {
      server.write(left < chunk.length ? chunk.subarray(0, left) : chunk);
      left -= chunk.length;
      if (left < 0) {
        client.destroy();
        server.end();
      }
    });
    server.on("data", (chunk) => client.write(chunk));
    for (const [one, other] of [[client, server], [server, client]]) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.end());
    }
  });
  await new Promise((resolve) => line.listen(0, "127.0.0.1", resolve));
  return line;
}

function upload(url, options, onUrl = () => {}) {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: url,
      chunkSize: 2_000_000,
      retryDelays: [0, 50, 200, 500],
      metadata: { filename: "from node.csv", mode: "overwrite" },
      onError: reject,
      onSuccess: () => resolve(upload),
      onUploadUrlAvailable: () => onUrl(upload, resolve),
      ...options,
    });
    upload.start();
  });
}

const line = await brittleLine(1_300_000, 900_000);
const url = `http://127.0.0.1:${line.address().port}${endpoint.pathname}`;
const offsets = [];
await upload(url, { onChunkComplete: (_, sent) => offsets.push(sent) });
if (offsets.at(-1) !== file.length) throw new Error(`ended at ${offsets.at(-1)}`);

await upload(endpoint.href, { chunkSize: 100_000 }, (upload, done) => upload.abort(true).then(done));
line.close();
process.exit(0);
