// Whether @asyncapi/parser accepts a document: exits with 1 and prints each complaint where it does not.
const { Parser } = require("@asyncapi/parser");
const { readFileSync } = require("node:fs");

new Parser().parse(readFileSync(process.argv[2], "utf8")).then(({ document, diagnostics }) => {
  const errors = diagnostics.filter(({ severity }) => severity === 0);
  for (const { message, path } of errors) console.error(`${path.join(".")}: ${message}`);
  if (document) console.log(`accepted: ${document.channels().length} channels, ${document.messages().length} messages`);
  process.exit(document && errors.length === 0 ? 0 : 1);
});
