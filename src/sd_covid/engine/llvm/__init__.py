"""Code: a graph written as LLVM text, one register for all lanes."""
