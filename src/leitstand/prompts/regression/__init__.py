"""Regression sets: questions with checks on their answers, by which a change of model is judged before it goes live.

`sets` reads them, `checks` judges one answer, `agreement` compares two, `verdict` decides on a whole trial,
`repository` keeps sets and trials sealed.
"""
