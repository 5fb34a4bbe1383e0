export { Settings } from "./components/Settings";
