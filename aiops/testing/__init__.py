"""Published checkers for plug-ins, a fake clock and panel builders."""
