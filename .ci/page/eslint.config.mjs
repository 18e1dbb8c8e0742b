// The pages' scripts are classic ones: the files of a page share one scope, in which tsc finds what is undefined or unused
// across them. Here: what is wrong within a file, and what must not be in a page at all.
import js from "@eslint/js";

const HTML = "shows text as HTML: data is shown by textContent alone";
const REQUEST = "asks another computer: a page makes no request";
const CODE = "runs text as code";
const member = (names, message) => ({
  selector: `MemberExpression[property.name=/^(${names})$/], MemberExpression[property.value=/^(${names})$/]`,
  message,
});

export default [
  js.configs.recommended,
  {
    files: ["**/*.js"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: { ecmaVersion: 2023, sourceType: "script" },
    rules: {
      "no-undef": "off", // another file's
      "no-unused-vars": ["error", { vars: "local" }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
      "no-var": "error",
      eqeqeq: "error",
      "no-restricted-globals": [
        "error",
        ...["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "importScripts"].map(name => ({
          name,
          message: REQUEST,
        })),
        { name: "eval", message: CODE },
        { name: "Function", message: CODE },
      ],
      "no-restricted-properties": ["error", { property: "sendBeacon", message: REQUEST }],
      "no-restricted-syntax": [
        "error",
        member("innerHTML|outerHTML|insertAdjacentHTML|srcdoc|setHTMLUnsafe|parseHTMLUnsafe|createContextualFragment", HTML),
        { selector: "CallExpression[callee.object.name='document'][callee.property.name=/^write(ln)?$/]", message: HTML },
        { selector: "NewExpression[callee.name='DOMParser']", message: HTML },
        // Leaflet takes what these are given for HTML, if it is text.
        { selector: "CallExpression[callee.property.name=/^(bindPopup|bindTooltip|setPopupContent|setTooltipContent|addAttribution)$/]", message: HTML },
        { selector: "CallExpression[callee.property.name='divIcon'] Property[key.name='html'][value.type=/Literal|BinaryExpression/]", message: HTML },
        { selector: "CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^(on|style|srcdoc)/i]", message: "is refused by the page's policy" },
        { selector: "ImportExpression", message: REQUEST },
        { selector: "NewExpression[callee.name=/^(Worker|SharedWorker)$/]", message: "is refused by the page's policy" },
        { selector: "CallExpression[callee.name=/^set(Timeout|Interval)$/]:not([arguments.0.type=/Function|Identifier|Member/])", message: CODE },
      ],
    },
  },
];
