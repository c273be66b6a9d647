"""Expert sessions: a form of questions about the links of a diagram, and what a group of answers says together.

In go filled-in forms; out come agreement, pooled judgements of every link, and priors of the quantified model that are
labelled as expert judgement.
"""
