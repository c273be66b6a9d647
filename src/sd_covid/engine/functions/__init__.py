"""The built-in functions of Vensim and XMILE, each as operations and states; `table` has them by key."""
