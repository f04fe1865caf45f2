// Calls the methods of the unmodified `resend` package that the lines of the standard input name:
// {"call": "emails.send", "args": [...]} → {"data": ..., "error": ..., "headers": ...}, a line each.
// {"list": "emails"} → the names of its methods. A chain such as `templates.create` then `publish` is "then": "publish".
const { Resend } = require("resend");
const readline = require("node:readline");

const resend = new Resend(process.env.RESEND_API_KEY);

const walk = (path) => path.split(".").reduce((place, name) => place[name], resend);

const methods = (path) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(walk(path))).filter((name) => name !== "constructor");

async function answer({ call, args = [], list, then }) {
  if (list) return { data: methods(list) };
  const [, place, name] = call.match(/^(.*)\.(\w+)$/);
  const pending = walk(place)[name](...args);
  return await (then ? pending[then]() : pending);
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let result;
    try {
      result = await answer(JSON.parse(line));
    } catch (error) {
      result = { thrown: String(error.stack) };
    }
    process.stdout.write(JSON.stringify(result) + "\n");
  }
})();
