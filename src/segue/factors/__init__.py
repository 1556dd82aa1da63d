"""Who likes what: the matrix of observations, implicit matrix factorisation, folding in, explanations."""
