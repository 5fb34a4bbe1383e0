export { Library } from "./components/Library";
