export { UrlGenerate } from "./components/UrlGenerate";
